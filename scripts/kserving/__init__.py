"""A server of one model that speaks KServe v2, to try and to measure what asks such servers."""
