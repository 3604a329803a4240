"""Text encoders: texts into vectors whose product is their likeness."""
