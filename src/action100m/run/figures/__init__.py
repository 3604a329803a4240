"""What models cost and videos hold, with the source of every figure; and intervals, in which all of it is told."""
