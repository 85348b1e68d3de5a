"""What taggers are trained on and how; nothing here is needed to anonymise."""
