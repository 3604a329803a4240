"""Ways to spread videos over workers. Each is: for every video, skip what the store has, else run it."""
