"""Components on services of AWS, or of what speaks as they do."""
