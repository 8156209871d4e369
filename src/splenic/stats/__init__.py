"""Statistics: NumPy arrays in, frozen results out; knows no files and no pandas."""
