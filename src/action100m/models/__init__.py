"""The protocols that models answer to, and one implementation per file. Weightless ones are chosen by name, never fallen back to."""
