"""Adapter and graph to answers whose every citation is checked."""
