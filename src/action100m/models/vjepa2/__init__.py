"""V-JEPA 2, the encoder of the paper."""
