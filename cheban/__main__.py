"""`python -m cheban`: the command line."""

from cheban.cli.main import main

if __name__ == "__main__":
    main()
