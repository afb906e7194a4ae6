"""What sees: the tower, its features, and where these are kept."""
