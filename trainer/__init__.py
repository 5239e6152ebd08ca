"""Examples to adapter: the plan, the training, the pack that travels."""
