"""Language models in this process, as reasoners."""
