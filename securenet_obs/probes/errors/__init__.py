"""Error events, read back from Sentry, GlitchTip or Bugsink."""
