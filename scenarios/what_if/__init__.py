"""What-ifs: scenarios as data, the networks that follow from them, what each would cost and how well it serves."""
