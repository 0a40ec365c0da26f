"""Layout of HTML pages: templates, the style sheet for light, dark and print, and filters."""
