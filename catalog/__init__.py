"""Which LLMs exist: sourced facts, licence obligations, prices to costs, requirements to a shortlist with reasons."""
