"""The seeded renderer: people in T-shirts, shop pictures, and the exact answer to every try-on."""
