"""Reports for people and programs, of plain data that the jobs give."""
