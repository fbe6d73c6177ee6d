"""What separate source and channel coding needs besides its codec: frame, choice of MCS, common quality."""
