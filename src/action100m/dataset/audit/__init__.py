"""Quality measures: what is doubtful about the texts of a data set, node by node. One family of measures per file; their list is `measures.py`."""
