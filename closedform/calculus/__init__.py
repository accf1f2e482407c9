"""From a function to its derivative: differential, transpose, matrix of the linear map, layout."""
