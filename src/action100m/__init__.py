"""action100m: from videos to trees of time-localised, annotated actions."""
