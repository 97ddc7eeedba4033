"""A notebook in other formats. Runs nothing, and reads and writes no file."""
