"""How good a detector is: matching, precision and recall, rates, what was missed."""
