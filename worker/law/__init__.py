"""What law and good manners say about whom to write to, when and how: data with dates and sources, and pure checks.

Nothing here knows the law. What is known of it stands in rows with their source, and a lawyer must check them.
"""
