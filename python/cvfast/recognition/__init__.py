"""Whose face it is: eigenfaces and what came after, galleries, the average face."""
