//! Identity schemas: loading, validating traits, what they say about credentials and addresses, and the form made from them.
