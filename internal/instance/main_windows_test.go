package instance

func processAlive(string) bool { return false }
