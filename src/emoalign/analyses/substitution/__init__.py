"""May these ratings be used instead of people's?"""
