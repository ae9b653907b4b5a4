//! Tests against a provider in memory.
