"""The handlers: one package or module a product. All are imported when the server starts."""
