"""What the demo video shows: a canvas, things of a kitchen, and the scenes of a recipe, all drawn by code."""
