"""What models in this process share: where weights come from, batches, draws, pixels."""
