"""Knowledge to examples: questions, answers that are all true, and splits that measure what was learned."""
