"""What a study found and the figures that show it, from its probe and trace rows alone."""
