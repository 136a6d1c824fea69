"""Questions about made-up incidents, to measure what answers them."""
