"""Stock targets: speed, quality and what the referee says of them."""
