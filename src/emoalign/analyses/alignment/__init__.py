"""How near models come to people, cell by cell."""
