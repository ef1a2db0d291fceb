"""Operations: bulk work on dead letters, with a frozen selection."""
