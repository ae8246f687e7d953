"""Fine-tuning: examples, plans and their prices, jobs here and at hosts, what they measured, and whether it helped."""
