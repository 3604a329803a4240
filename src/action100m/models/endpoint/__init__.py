"""Models behind servers that speak the OpenAI chat protocol: one client, and what it asks for."""
