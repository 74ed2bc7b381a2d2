package domain

type career struct{}

type organisationFacts struct{}
