"""Graph to knowledge: typed nodes, tight notes, and the index that finds them."""
