"""Do texts say outright what people see in them, and do models follow people better where so?"""
