"""What Gatehouse costs, beside the least that the same work can cost, in one run."""
