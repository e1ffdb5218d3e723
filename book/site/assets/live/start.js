// Starts the live parts of a page.
