"""Speed, CPU and memory of Syncline beside other tools; `make bench`. Read README.md first."""
