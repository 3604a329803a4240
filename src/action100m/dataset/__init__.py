"""The data set: its published schema, reading and writing, checking. Works on the authors' released files and on ours."""
