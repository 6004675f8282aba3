"""Pure rules, one module per noun: what a valid draft is and which transitions are legal. No input or output."""
