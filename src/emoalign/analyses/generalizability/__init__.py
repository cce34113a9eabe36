"""How well item means generalise over forms, waves and answers."""
