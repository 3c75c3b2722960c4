"""What is wrong with a mail before anybody gets it: findings about its words, its looks and its audience."""
