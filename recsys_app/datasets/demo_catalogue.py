"""The films of the demo, typed in by hand: what most people have heard of, by shelf.

A line is `title | year | genres | fame and acclaim`, the last two from 1 to 5.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple


class Film(NamedTuple):
    """A film, the shelf it stands on, and how known and how liked it is, from 1 to 5."""

    title: str
    year: int
    genres: list[str]
    shelf: str
    fame: int
    acclaim: int


def films() -> Iterator[Film]:
    """The films, shelf by shelf."""
    shelf = ""
    for line in CATALOGUE.strip().splitlines():
        if line.startswith("# "):
            shelf = line[2:]
        elif line:
            title, year, genres, marks = line.split(" | ")
            fame, acclaim = map(int, marks)
            yield Film(title, int(year), genres.split(", "), shelf, fame, acclaim)


CATALOGUE = """
# science fiction
Metropolis | 1927 | Drama, Sci-Fi | 25
Forbidden Planet | 1956 | Adventure, Sci-Fi | 24
Invasion of the Body Snatchers | 1956 | Horror, Sci-Fi, Thriller | 24
The Day the Earth Stood Still | 1951 | Drama, Sci-Fi | 24
2001: A Space Odyssey | 1968 | Adventure, Drama, Sci-Fi | 45
Planet of the Apes | 1968 | Action, Drama, Sci-Fi | 34
Close Encounters of the Third Kind | 1977 | Adventure, Drama, Sci-Fi | 34
Alien | 1979 | Horror, Sci-Fi | 45
Aliens | 1986 | Action, Adventure, Horror, Sci-Fi | 45
Blade Runner | 1982 | Action, Sci-Fi, Thriller | 45
Blade Runner 2049 | 2017 | Drama, Sci-Fi, Thriller | 34
The Thing | 1982 | Horror, Mystery, Sci-Fi | 34
Dune | 1984 | Adventure, Sci-Fi | 22
Dune | 2021 | Adventure, Drama, Sci-Fi | 44
Dune: Part Two | 2024 | Action, Adventure, Sci-Fi | 44
The Terminator | 1984 | Action, Sci-Fi, Thriller | 54
Terminator 2: Judgment Day | 1991 | Action, Sci-Fi | 55
RoboCop | 1987 | Action, Crime, Sci-Fi, Thriller | 33
Predator | 1987 | Action, Sci-Fi, Thriller | 43
Total Recall | 1990 | Action, Adventure, Sci-Fi | 33
Brazil | 1985 | Fantasy, Sci-Fi | 24
Twelve Monkeys | 1995 | Mystery, Sci-Fi, Thriller | 44
The Fifth Element | 1997 | Action, Adventure, Comedy, Sci-Fi | 44
Gattaca | 1997 | Drama, Sci-Fi, Thriller | 34
Contact | 1997 | Drama, Sci-Fi | 34
Men in Black | 1997 | Action, Comedy, Sci-Fi | 43
Starship Troopers | 1997 | Action, Sci-Fi | 33
Independence Day | 1996 | Action, Adventure, Sci-Fi, Thriller | 52
Dark City | 1998 | Adventure, Film-Noir, Sci-Fi, Thriller | 24
The Matrix | 1999 | Action, Sci-Fi, Thriller | 55
The Matrix Reloaded | 2003 | Action, Adventure, Sci-Fi, Thriller | 42
Minority Report | 2002 | Action, Crime, Mystery, Sci-Fi | 43
Donnie Darko | 2001 | Drama, Mystery, Sci-Fi, Thriller | 44
Children of Men | 2006 | Action, Drama, Sci-Fi, Thriller | 45
Primer | 2004 | Drama, Sci-Fi | 14
Moon | 2009 | Drama, Mystery, Sci-Fi | 24
District 9 | 2009 | Mystery, Sci-Fi, Thriller | 34
Avatar | 2009 | Action, Adventure, Sci-Fi | 53
Inception | 2010 | Action, Crime, Mystery, Sci-Fi, Thriller | 55
Looper | 2012 | Action, Crime, Sci-Fi | 33
Gravity | 2013 | Drama, Sci-Fi | 43
Edge of Tomorrow | 2014 | Action, Sci-Fi | 34
Interstellar | 2014 | Adventure, Drama, Sci-Fi | 55
Ex Machina | 2014 | Drama, Sci-Fi, Thriller | 34
The Martian | 2015 | Adventure, Drama, Sci-Fi | 44
Arrival | 2016 | Drama, Mystery, Sci-Fi | 45
Annihilation | 2018 | Adventure, Horror, Mystery, Sci-Fi | 23
Tenet | 2020 | Action, Sci-Fi, Thriller | 33
Everything Everywhere All at Once | 2022 | Action, Adventure, Comedy, Sci-Fi | 44
Back to the Future | 1985 | Adventure, Comedy, Sci-Fi | 55
Back to the Future Part II | 1989 | Adventure, Comedy, Sci-Fi | 43

# space sagas
Star Wars: Episode IV - A New Hope | 1977 | Action, Adventure, Sci-Fi | 55
Star Wars: Episode V - The Empire Strikes Back | 1980 | Action, Adventure, Sci-Fi | 55
Star Wars: Episode VI - Return of the Jedi | 1983 | Action, Adventure, Sci-Fi | 54
Star Wars: Episode I - The Phantom Menace | 1999 | Action, Adventure, Sci-Fi | 52
Star Wars: Episode II - Attack of the Clones | 2002 | Action, Adventure, Sci-Fi | 42
Star Wars: Episode III - Revenge of the Sith | 2005 | Action, Adventure, Sci-Fi | 43
Star Wars: Episode VII - The Force Awakens | 2015 | Action, Adventure, Sci-Fi | 53
Star Wars: Episode VIII - The Last Jedi | 2017 | Action, Adventure, Sci-Fi | 43
Rogue One: A Star Wars Story | 2016 | Action, Adventure, Sci-Fi | 44
Star Trek: The Motion Picture | 1979 | Adventure, Sci-Fi | 22
Star Trek II: The Wrath of Khan | 1982 | Action, Adventure, Sci-Fi | 34
Star Trek IV: The Voyage Home | 1986 | Adventure, Comedy, Sci-Fi | 23
Star Trek: First Contact | 1996 | Action, Adventure, Sci-Fi | 33
Star Trek | 2009 | Action, Adventure, Sci-Fi | 44
Serenity | 2005 | Action, Adventure, Sci-Fi | 24
Galaxy Quest | 1999 | Adventure, Comedy, Sci-Fi | 34

# superheroes
Superman | 1978 | Action, Adventure, Sci-Fi | 33
Batman | 1989 | Action, Crime, Thriller | 43
Batman Returns | 1992 | Action, Crime | 33
Batman Begins | 2005 | Action, Crime | 44
The Dark Knight | 2008 | Action, Crime, Drama | 55
The Dark Knight Rises | 2012 | Action, Adventure, Crime | 44
X-Men | 2000 | Action, Adventure, Sci-Fi | 43
X2: X-Men United | 2003 | Action, Adventure, Sci-Fi | 33
X-Men: Days of Future Past | 2014 | Action, Adventure, Sci-Fi | 34
Logan | 2017 | Action, Drama, Sci-Fi | 44
Spider-Man | 2002 | Action, Adventure, Sci-Fi | 53
Spider-Man 2 | 2004 | Action, Adventure, Sci-Fi | 44
Spider-Man: No Way Home | 2021 | Action, Adventure, Fantasy | 44
Iron Man | 2008 | Action, Adventure, Sci-Fi | 54
Thor: Ragnarok | 2017 | Action, Adventure, Comedy | 44
The Avengers | 2012 | Action, Adventure, Sci-Fi | 54
Captain America: The Winter Soldier | 2014 | Action, Adventure, Sci-Fi | 34
Guardians of the Galaxy | 2014 | Action, Adventure, Comedy, Sci-Fi | 44
Black Panther | 2018 | Action, Adventure, Sci-Fi | 43
Avengers: Infinity War | 2018 | Action, Adventure, Sci-Fi | 54
Avengers: Endgame | 2019 | Action, Adventure, Sci-Fi | 54
Deadpool | 2016 | Action, Adventure, Comedy | 44
Wonder Woman | 2017 | Action, Adventure, Fantasy | 43
Watchmen | 2009 | Action, Drama, Sci-Fi | 33
Joker | 2019 | Crime, Drama, Thriller | 44
The Batman | 2022 | Action, Crime, Drama | 34

# family animation
Snow White and the Seven Dwarfs | 1937 | Animation, Children, Fantasy, Musical | 44
Pinocchio | 1940 | Animation, Children, Fantasy, Musical | 34
Fantasia | 1940 | Animation, Children, Fantasy, Musical | 34
Dumbo | 1941 | Animation, Children, Drama, Musical | 33
Bambi | 1942 | Animation, Children, Drama | 33
Cinderella | 1950 | Animation, Children, Fantasy, Musical, Romance | 33
Peter Pan | 1953 | Animation, Children, Fantasy, Musical | 33
Sleeping Beauty | 1959 | Animation, Children, Fantasy, Musical | 33
One Hundred and One Dalmatians | 1961 | Adventure, Animation, Children | 33
The Jungle Book | 1967 | Animation, Children, Comedy, Musical | 44
The Little Mermaid | 1989 | Animation, Children, Comedy, Musical, Romance | 44
Beauty and the Beast | 1991 | Animation, Children, Fantasy, Musical, Romance | 44
Aladdin | 1992 | Adventure, Animation, Children, Comedy, Musical | 54
The Nightmare Before Christmas | 1993 | Animation, Children, Fantasy, Musical | 44
The Lion King | 1994 | Adventure, Animation, Children, Drama, Musical | 55
Toy Story | 1995 | Adventure, Animation, Children, Comedy, Fantasy | 55
Mulan | 1998 | Adventure, Animation, Children, Musical | 34
A Bug's Life | 1998 | Adventure, Animation, Children, Comedy | 33
Toy Story 2 | 1999 | Adventure, Animation, Children, Comedy, Fantasy | 44
Tarzan | 1999 | Adventure, Animation, Children, Drama | 33
The Iron Giant | 1999 | Adventure, Animation, Children, Drama, Sci-Fi | 24
Chicken Run | 2000 | Animation, Children, Comedy | 34
Shrek | 2001 | Adventure, Animation, Children, Comedy, Fantasy | 54
Shrek 2 | 2004 | Adventure, Animation, Children, Comedy, Fantasy | 43
Monsters, Inc. | 2001 | Adventure, Animation, Children, Comedy, Fantasy | 54
Ice Age | 2002 | Adventure, Animation, Children, Comedy | 43
Lilo & Stitch | 2002 | Adventure, Animation, Children, Sci-Fi | 33
Finding Nemo | 2003 | Adventure, Animation, Children, Comedy | 55
The Incredibles | 2004 | Action, Adventure, Animation, Children, Comedy | 54
Wallace & Gromit: The Curse of the Were-Rabbit | 2005 | Animation, Children, Comedy | 34
Cars | 2006 | Animation, Children, Comedy | 43
Ratatouille | 2007 | Animation, Children, Comedy | 44
WALL-E | 2008 | Adventure, Animation, Children, Romance, Sci-Fi | 55
Kung Fu Panda | 2008 | Action, Animation, Children, Comedy | 43
Up | 2009 | Adventure, Animation, Children, Drama | 54
Coraline | 2009 | Animation, Children, Fantasy, Horror | 34
How to Train Your Dragon | 2010 | Adventure, Animation, Children, Fantasy | 44
Despicable Me | 2010 | Animation, Children, Comedy, Crime | 43
Tangled | 2010 | Animation, Children, Comedy, Fantasy, Musical, Romance | 44
Toy Story 3 | 2010 | Adventure, Animation, Children, Comedy, Fantasy | 54
Frozen | 2013 | Adventure, Animation, Children, Fantasy, Musical | 53
The Lego Movie | 2014 | Adventure, Animation, Children, Comedy | 34
Inside Out | 2015 | Adventure, Animation, Children, Comedy, Drama | 44
Zootopia | 2016 | Adventure, Animation, Children, Comedy | 44
Moana | 2016 | Adventure, Animation, Children, Musical | 44
Coco | 2017 | Adventure, Animation, Children, Fantasy, Musical | 44
Spider-Man: Into the Spider-Verse | 2018 | Action, Adventure, Animation, Sci-Fi | 45
Soul | 2020 | Adventure, Animation, Children, Comedy | 34
Encanto | 2021 | Animation, Children, Fantasy, Musical | 33

# anime
Akira | 1988 | Action, Animation, Sci-Fi | 34
Grave of the Fireflies | 1988 | Animation, Drama, War | 35
My Neighbor Totoro | 1988 | Animation, Children, Fantasy | 45
Kiki's Delivery Service | 1989 | Animation, Children, Fantasy | 34
Nausicaä of the Valley of the Wind | 1984 | Adventure, Animation, Fantasy, Sci-Fi | 34
Castle in the Sky | 1986 | Adventure, Animation, Children, Fantasy | 34
Porco Rosso | 1992 | Adventure, Animation, Comedy, Fantasy | 24
Ghost in the Shell | 1995 | Animation, Sci-Fi | 34
Princess Mononoke | 1997 | Adventure, Animation, Fantasy | 45
Perfect Blue | 1997 | Animation, Horror, Mystery, Thriller | 24
Spirited Away | 2001 | Adventure, Animation, Fantasy | 55
Howl's Moving Castle | 2004 | Adventure, Animation, Fantasy, Romance | 44
Paprika | 2006 | Animation, Mystery, Sci-Fi | 24
The Girl Who Leapt Through Time | 2006 | Animation, Comedy, Drama, Romance, Sci-Fi | 24
Your Name. | 2016 | Animation, Drama, Fantasy, Romance | 34
The Wind Rises | 2013 | Animation, Drama, Romance | 24
The Boy and the Heron | 2023 | Adventure, Animation, Fantasy | 24

# family live action
The Wizard of Oz | 1939 | Adventure, Children, Fantasy, Musical | 45
Mary Poppins | 1964 | Children, Comedy, Fantasy, Musical | 44
Willy Wonka & the Chocolate Factory | 1971 | Children, Comedy, Fantasy, Musical | 44
E.T. the Extra-Terrestrial | 1982 | Children, Drama, Sci-Fi | 54
The NeverEnding Story | 1984 | Adventure, Children, Fantasy | 33
The Goonies | 1985 | Adventure, Children, Comedy, Fantasy | 43
The Princess Bride | 1987 | Adventure, Comedy, Fantasy, Romance | 45
Home Alone | 1990 | Children, Comedy | 53
Matilda | 1996 | Children, Comedy, Fantasy | 33
Babe | 1995 | Children, Drama | 34
Jumanji | 1995 | Adventure, Children, Fantasy | 43
Hook | 1991 | Adventure, Comedy, Fantasy | 33
Paddington | 2014 | Children, Comedy | 34
Paddington 2 | 2017 | Adventure, Children, Comedy | 34
Hugo | 2011 | Children, Drama, Mystery | 33
School of Rock | 2003 | Comedy, Musical | 43
Elf | 2003 | Children, Comedy, Fantasy | 43
Charlie and the Chocolate Factory | 2005 | Adventure, Children, Comedy, Fantasy | 42

# fantasy and adventure
King Kong | 1933 | Action, Adventure, Fantasy, Horror | 34
The Adventures of Robin Hood | 1938 | Action, Adventure, Romance | 24
Jason and the Argonauts | 1963 | Action, Adventure, Fantasy | 23
Raiders of the Lost Ark | 1981 | Action, Adventure | 55
Indiana Jones and the Temple of Doom | 1984 | Action, Adventure, Fantasy | 43
Indiana Jones and the Last Crusade | 1989 | Action, Adventure | 54
Conan the Barbarian | 1982 | Action, Adventure, Fantasy | 23
Labyrinth | 1986 | Adventure, Fantasy, Musical | 33
Willow | 1988 | Action, Adventure, Fantasy | 23
Edward Scissorhands | 1990 | Drama, Fantasy, Romance | 44
Jurassic Park | 1993 | Action, Adventure, Sci-Fi, Thriller | 54
The Mask of Zorro | 1998 | Action, Adventure, Comedy, Romance | 33
The Mummy | 1999 | Action, Adventure, Comedy, Fantasy | 43
Harry Potter and the Sorcerer's Stone | 2001 | Adventure, Children, Fantasy | 53
Harry Potter and the Chamber of Secrets | 2002 | Adventure, Fantasy | 43
Harry Potter and the Prisoner of Azkaban | 2004 | Adventure, Fantasy | 44
Harry Potter and the Goblet of Fire | 2005 | Adventure, Fantasy, Thriller | 43
Harry Potter and the Deathly Hallows: Part 2 | 2011 | Adventure, Drama, Fantasy, Mystery | 44
The Lord of the Rings: The Fellowship of the Ring | 2001 | Adventure, Fantasy | 55
The Lord of the Rings: The Two Towers | 2002 | Adventure, Fantasy | 55
The Lord of the Rings: The Return of the King | 2003 | Action, Adventure, Drama, Fantasy | 55
The Hobbit: An Unexpected Journey | 2012 | Adventure, Fantasy | 43
Pirates of the Caribbean: The Curse of the Black Pearl | 2003 | Action, Adventure, Fantasy | 54
Pirates of the Caribbean: Dead Man's Chest | 2006 | Action, Adventure, Fantasy | 43
Big Fish | 2003 | Drama, Fantasy, Romance | 34
The Chronicles of Narnia: The Lion, the Witch and the Wardrobe | 2005 | Children, Fantasy | 33
Stardust | 2007 | Adventure, Comedy, Fantasy, Romance | 34
Mad Max 2: The Road Warrior | 1981 | Action, Adventure, Sci-Fi, Thriller | 34
Mad Max: Fury Road | 2015 | Action, Adventure, Sci-Fi, Thriller | 45

# horror
Nosferatu | 1922 | Horror | 24
Dracula | 1931 | Horror | 23
Frankenstein | 1931 | Drama, Horror, Sci-Fi | 34
Bride of Frankenstein | 1935 | Drama, Horror, Sci-Fi | 24
Psycho | 1960 | Crime, Horror | 55
The Birds | 1963 | Horror, Thriller | 34
Night of the Living Dead | 1968 | Horror, Sci-Fi, Thriller | 34
Rosemary's Baby | 1968 | Drama, Horror, Thriller | 34
The Exorcist | 1973 | Horror, Mystery | 44
The Wicker Man | 1973 | Drama, Horror, Thriller | 24
The Texas Chain Saw Massacre | 1974 | Horror | 33
Jaws | 1975 | Action, Horror | 54
Carrie | 1976 | Drama, Fantasy, Horror, Thriller | 34
The Omen | 1976 | Horror, Mystery, Thriller | 33
Suspiria | 1977 | Horror | 24
Halloween | 1978 | Horror | 44
Dawn of the Dead | 1978 | Action, Drama, Horror | 34
The Shining | 1980 | Horror | 55
Friday the 13th | 1980 | Horror, Mystery, Thriller | 32
An American Werewolf in London | 1981 | Comedy, Horror, Thriller | 24
The Evil Dead | 1981 | Fantasy, Horror, Thriller | 34
Evil Dead II | 1987 | Action, Comedy, Fantasy, Horror | 34
Poltergeist | 1982 | Horror, Thriller | 33
A Nightmare on Elm Street | 1984 | Horror, Thriller | 43
The Fly | 1986 | Drama, Horror, Sci-Fi, Thriller | 34
Hellraiser | 1987 | Horror | 23
Child's Play | 1988 | Horror, Thriller | 32
Misery | 1990 | Drama, Horror, Thriller | 34
Scream | 1996 | Comedy, Horror, Mystery, Thriller | 43
Ringu | 1998 | Horror, Mystery, Thriller | 24
The Blair Witch Project | 1999 | Drama, Horror, Thriller | 43
The Others | 2001 | Drama, Horror, Mystery, Thriller | 34
28 Days Later | 2002 | Action, Horror, Sci-Fi | 34
The Ring | 2002 | Horror, Mystery, Thriller | 33
Shaun of the Dead | 2004 | Comedy, Horror | 44
Saw | 2004 | Horror, Mystery, Thriller | 43
The Descent | 2005 | Adventure, Drama, Horror, Thriller | 24
The Conjuring | 2013 | Horror, Thriller | 34
The Babadook | 2014 | Drama, Horror, Thriller | 24
It Follows | 2014 | Horror | 23
The Witch | 2015 | Horror | 23
Get Out | 2017 | Horror, Mystery, Thriller | 44
It | 2017 | Horror | 43
A Quiet Place | 2018 | Drama, Horror, Sci-Fi | 34
Hereditary | 2018 | Drama, Horror, Mystery | 34
Midsommar | 2019 | Drama, Horror, Mystery | 33
Us | 2019 | Horror, Thriller | 33

# noir and classic suspense
M | 1931 | Crime, Film-Noir, Thriller | 25
The Maltese Falcon | 1941 | Film-Noir, Mystery | 35
Laura | 1944 | Crime, Film-Noir, Mystery | 24
Double Indemnity | 1944 | Crime, Drama, Film-Noir | 35
Gaslight | 1944 | Drama, Film-Noir, Thriller | 24
Mildred Pierce | 1945 | Drama, Film-Noir | 24
The Lost Weekend | 1945 | Drama, Film-Noir | 24
The Big Sleep | 1946 | Crime, Film-Noir, Mystery | 34
Notorious | 1946 | Film-Noir, Romance, Thriller | 35
The Killers | 1946 | Crime, Film-Noir | 13
The Postman Always Rings Twice | 1946 | Crime, Film-Noir, Thriller | 23
Gilda | 1946 | Drama, Film-Noir, Romance | 24
Out of the Past | 1947 | Crime, Film-Noir, Mystery | 24
Key Largo | 1948 | Crime, Drama, Film-Noir, Thriller | 24
The Third Man | 1949 | Film-Noir, Mystery, Thriller | 35
White Heat | 1949 | Crime, Drama, Film-Noir | 24
Sunset Boulevard | 1950 | Drama, Film-Noir | 35
The Asphalt Jungle | 1950 | Crime, Film-Noir | 24
Strangers on a Train | 1951 | Crime, Drama, Film-Noir, Thriller | 34
The Big Heat | 1953 | Crime, Drama, Film-Noir | 24
Kiss Me Deadly | 1955 | Crime, Film-Noir, Mystery | 24
The Night of the Hunter | 1955 | Drama, Film-Noir, Thriller | 35
The Killing | 1956 | Crime, Film-Noir | 24
Touch of Evil | 1958 | Crime, Film-Noir, Thriller | 25
Rebecca | 1940 | Drama, Mystery, Romance, Thriller | 34
Shadow of a Doubt | 1943 | Crime, Drama, Thriller | 24
Rope | 1948 | Crime, Drama, Thriller | 24
Dial M for Murder | 1954 | Crime, Mystery, Thriller | 34
Rear Window | 1954 | Mystery, Thriller | 45
Vertigo | 1958 | Drama, Mystery, Romance, Thriller | 45
North by Northwest | 1959 | Action, Adventure, Mystery, Romance, Thriller | 45
The 39 Steps | 1935 | Drama, Mystery, Thriller | 24
The Lady Vanishes | 1938 | Drama, Mystery, Thriller | 24

# golden age Hollywood
The General | 1926 | Adventure, Comedy, War | 25
City Lights | 1931 | Comedy, Drama, Romance | 35
Modern Times | 1936 | Comedy, Drama, Romance | 35
It Happened One Night | 1934 | Comedy, Romance | 35
Bringing Up Baby | 1938 | Comedy, Romance | 34
Mr. Smith Goes to Washington | 1939 | Drama | 34
Gone with the Wind | 1939 | Drama, Romance, War | 44
The Grapes of Wrath | 1940 | Drama | 24
The Philadelphia Story | 1940 | Comedy, Drama, Romance | 34
His Girl Friday | 1940 | Comedy, Romance | 34
The Great Dictator | 1940 | Comedy, Drama, War | 35
Citizen Kane | 1941 | Drama, Mystery | 45
Casablanca | 1942 | Drama, Romance | 55
To Be or Not to Be | 1942 | Comedy, Drama, War | 25
Arsenic and Old Lace | 1944 | Comedy, Mystery, Thriller | 34
It's a Wonderful Life | 1946 | Children, Drama, Fantasy, Romance | 45
The Best Years of Our Lives | 1946 | Drama, War | 24
The Treasure of the Sierra Madre | 1948 | Action, Adventure, Drama, Western | 34
All About Eve | 1950 | Drama | 35
A Streetcar Named Desire | 1951 | Drama | 34
The African Queen | 1951 | Adventure, Comedy, Romance, War | 34
Roman Holiday | 1953 | Comedy, Drama, Romance | 34
On the Waterfront | 1954 | Crime, Drama | 34
Rebel Without a Cause | 1955 | Drama | 33
12 Angry Men | 1957 | Drama | 45
Some Like It Hot | 1959 | Comedy, Crime | 45
Ben-Hur | 1959 | Action, Adventure, Drama | 34
The Apartment | 1960 | Comedy, Drama, Romance | 35
Breakfast at Tiffany's | 1961 | Drama, Romance | 43
To Kill a Mockingbird | 1962 | Drama | 45
Lawrence of Arabia | 1962 | Adventure, Drama, War | 45
The Graduate | 1967 | Comedy, Drama, Romance | 44

# musicals
Singin' in the Rain | 1952 | Comedy, Musical, Romance | 45
An American in Paris | 1951 | Musical, Romance | 23
West Side Story | 1961 | Drama, Musical, Romance | 34
My Fair Lady | 1964 | Comedy, Drama, Musical, Romance | 34
The Sound of Music | 1965 | Musical, Romance | 44
Fiddler on the Roof | 1971 | Drama, Musical | 34
Cabaret | 1972 | Drama, Musical | 24
The Rocky Horror Picture Show | 1975 | Comedy, Horror, Musical, Sci-Fi | 33
Grease | 1978 | Comedy, Musical, Romance | 43
Dirty Dancing | 1987 | Drama, Musical, Romance | 43
Moulin Rouge! | 2001 | Drama, Musical, Romance | 43
Chicago | 2002 | Comedy, Crime, Drama, Musical | 43
Mamma Mia! | 2008 | Comedy, Musical, Romance | 42
Les Misérables | 2012 | Drama, Musical, Romance | 33
La La Land | 2016 | Comedy, Drama, Musical, Romance | 44

# romantic comedy
When Harry Met Sally... | 1989 | Comedy, Romance | 44
Pretty Woman | 1990 | Comedy, Romance | 53
Groundhog Day | 1993 | Comedy, Fantasy, Romance | 54
Sleepless in Seattle | 1993 | Comedy, Drama, Romance | 43
Four Weddings and a Funeral | 1994 | Comedy, Romance | 43
While You Were Sleeping | 1995 | Comedy, Romance | 33
Clueless | 1995 | Comedy, Romance | 33
Jerry Maguire | 1996 | Drama, Romance | 43
My Best Friend's Wedding | 1997 | Comedy, Romance | 33
As Good as It Gets | 1997 | Comedy, Drama, Romance | 44
There's Something About Mary | 1998 | Comedy, Romance | 43
You've Got Mail | 1998 | Comedy, Romance | 43
Shakespeare in Love | 1998 | Comedy, Drama, Romance | 43
Notting Hill | 1999 | Comedy, Romance | 43
10 Things I Hate About You | 1999 | Comedy, Romance | 43
Runaway Bride | 1999 | Comedy, Romance | 32
Bridget Jones's Diary | 2001 | Comedy, Drama, Romance | 43
The Wedding Planner | 2001 | Comedy, Romance | 22
My Big Fat Greek Wedding | 2002 | Comedy, Romance | 33
Two Weeks Notice | 2002 | Comedy, Romance | 22
Sweet Home Alabama | 2002 | Comedy, Romance | 22
How to Lose a Guy in 10 Days | 2003 | Comedy, Romance | 33
Love Actually | 2003 | Comedy, Drama, Romance | 44
50 First Dates | 2004 | Comedy, Romance | 43
13 Going on 30 | 2004 | Comedy, Fantasy, Romance | 33
Hitch | 2005 | Comedy, Romance | 33
The Devil Wears Prada | 2006 | Comedy, Drama | 43
The Holiday | 2006 | Comedy, Romance | 33
27 Dresses | 2008 | Comedy, Romance | 22
(500) Days of Summer | 2009 | Comedy, Drama, Romance | 44
The Proposal | 2009 | Comedy, Romance | 33
Crazy, Stupid, Love. | 2011 | Comedy, Drama, Romance | 34
Silver Linings Playbook | 2012 | Comedy, Drama, Romance | 44
About Time | 2013 | Drama, Fantasy, Romance | 34
Crazy Rich Asians | 2018 | Comedy, Romance | 33
The Big Sick | 2017 | Comedy, Romance | 24

# love stories
Doctor Zhivago | 1965 | Drama, Romance, War | 34
Love Story | 1970 | Drama, Romance | 22
Annie Hall | 1977 | Comedy, Romance | 44
Out of Africa | 1985 | Drama, Romance | 33
A Room with a View | 1985 | Drama, Romance | 24
Ghost | 1990 | Drama, Fantasy, Romance | 43
The Remains of the Day | 1993 | Drama, Romance | 24
Sense and Sensibility | 1995 | Drama, Romance | 34
Before Sunrise | 1995 | Drama, Romance | 34
Before Sunset | 2004 | Drama, Romance | 34
The Bridges of Madison County | 1995 | Drama, Romance | 33
The English Patient | 1996 | Drama, Romance, War | 33
Titanic | 1997 | Drama, Romance | 54
Eternal Sunshine of the Spotless Mind | 2004 | Drama, Romance, Sci-Fi | 45
The Notebook | 2004 | Drama, Romance | 43
Lost in Translation | 2003 | Comedy, Drama, Romance | 44
Pride & Prejudice | 2005 | Drama, Romance | 44
Brokeback Mountain | 2005 | Drama, Romance | 34
Atonement | 2007 | Drama, Romance, War | 34
Her | 2013 | Drama, Romance, Sci-Fi | 44
Carol | 2015 | Drama, Romance | 24
Call Me by Your Name | 2017 | Drama, Romance | 24
Little Women | 2019 | Drama, Romance | 34
Past Lives | 2023 | Drama, Romance | 24

# crime
The Godfather | 1972 | Crime, Drama | 55
The Godfather: Part II | 1974 | Crime, Drama | 55
The Godfather: Part III | 1990 | Crime, Drama | 32
The French Connection | 1971 | Action, Crime, Thriller | 34
The Sting | 1973 | Comedy, Crime | 34
Chinatown | 1974 | Crime, Film-Noir, Mystery, Thriller | 45
Dog Day Afternoon | 1975 | Crime, Drama | 34
Taxi Driver | 1976 | Crime, Drama, Thriller | 45
Scarface | 1983 | Action, Crime, Drama | 44
Once Upon a Time in America | 1984 | Crime, Drama | 34
The Untouchables | 1987 | Action, Crime, Drama | 34
Goodfellas | 1990 | Crime, Drama | 55
Miller's Crossing | 1990 | Crime, Drama, Film-Noir, Thriller | 24
Reservoir Dogs | 1992 | Crime, Mystery, Thriller | 54
Carlito's Way | 1993 | Crime, Drama | 34
Pulp Fiction | 1994 | Comedy, Crime, Drama, Thriller | 55
Léon: The Professional | 1994 | Action, Crime, Drama, Thriller | 44
Heat | 1995 | Action, Crime, Thriller | 44
Casino | 1995 | Crime, Drama | 44
Fargo | 1996 | Comedy, Crime, Drama, Thriller | 45
Trainspotting | 1996 | Comedy, Crime, Drama | 44
Donnie Brasco | 1997 | Crime, Drama | 34
Jackie Brown | 1997 | Crime, Drama, Thriller | 33
L.A. Confidential | 1997 | Crime, Film-Noir, Mystery, Thriller | 45
Lock, Stock and Two Smoking Barrels | 1998 | Comedy, Crime, Thriller | 44
American History X | 1998 | Crime, Drama | 44
Snatch | 2000 | Comedy, Crime, Thriller | 44
Ocean's Eleven | 2001 | Crime, Thriller | 43
Training Day | 2001 | Crime, Drama, Thriller | 34
City of God | 2002 | Action, Crime, Drama | 45
Catch Me If You Can | 2002 | Crime, Drama | 44
Kill Bill: Vol. 1 | 2003 | Action, Crime, Thriller | 44
Sin City | 2005 | Action, Crime, Film-Noir, Thriller | 43
The Departed | 2006 | Crime, Drama, Thriller | 54
No Country for Old Men | 2007 | Crime, Drama, Thriller | 45
Drive | 2011 | Crime, Drama, Thriller | 34
The Wolf of Wall Street | 2013 | Comedy, Crime, Drama | 44
Knives Out | 2019 | Comedy, Crime, Mystery | 44
The Irishman | 2019 | Crime, Drama | 33

# thrillers and spies
Dr. No | 1962 | Action, Adventure, Thriller | 33
From Russia with Love | 1963 | Action, Adventure, Thriller | 33
Goldfinger | 1964 | Action, Adventure, Thriller | 44
The Spy Who Loved Me | 1977 | Action, Adventure, Thriller | 33
GoldenEye | 1995 | Action, Adventure, Thriller | 43
Casino Royale | 2006 | Action, Adventure, Thriller | 54
Skyfall | 2012 | Action, Adventure, Thriller | 44
Die Hard | 1988 | Action, Crime, Thriller | 54
Lethal Weapon | 1987 | Action, Comedy, Crime | 43
The Silence of the Lambs | 1991 | Crime, Horror, Thriller | 55
The Fugitive | 1993 | Action, Thriller | 44
Speed | 1994 | Action, Romance, Thriller | 43
Se7en | 1995 | Crime, Mystery, Thriller | 55
The Usual Suspects | 1995 | Crime, Mystery, Thriller | 55
Mission: Impossible | 1996 | Action, Adventure, Mystery, Thriller | 43
Mission: Impossible - Fallout | 2018 | Action, Adventure, Thriller | 34
The Game | 1997 | Drama, Mystery, Thriller | 34
Face/Off | 1997 | Action, Crime, Thriller | 43
The Sixth Sense | 1999 | Drama, Horror, Mystery | 54
Memento | 2000 | Mystery, Thriller | 45
The Bourne Identity | 2002 | Action, Mystery, Thriller | 44
The Bourne Supremacy | 2004 | Action, Crime, Thriller | 43
The Bourne Ultimatum | 2007 | Action, Crime, Thriller | 44
The Prestige | 2006 | Drama, Mystery, Sci-Fi, Thriller | 45
Zodiac | 2007 | Crime, Drama, Thriller | 34
Taken | 2008 | Action, Crime, Thriller | 43
Shutter Island | 2010 | Drama, Mystery, Thriller | 44
Black Swan | 2010 | Drama, Thriller | 44
Tinker Tailor Soldier Spy | 2011 | Drama, Mystery, Thriller | 23
Prisoners | 2013 | Drama, Mystery, Thriller | 34
Gone Girl | 2014 | Drama, Mystery, Thriller | 44
Nightcrawler | 2014 | Crime, Drama, Thriller | 34
John Wick | 2014 | Action, Thriller | 44

# westerns
Stagecoach | 1939 | Action, Drama, Romance, Western | 24
High Noon | 1952 | Drama, Western | 34
Shane | 1953 | Drama, Western | 24
The Searchers | 1956 | Adventure, Drama, Western | 34
Rio Bravo | 1959 | Drama, Western | 34
The Magnificent Seven | 1960 | Action, Adventure, Western | 34
The Man Who Shot Liberty Valance | 1962 | Crime, Drama, Western | 24
A Fistful of Dollars | 1964 | Action, Western | 34
For a Few Dollars More | 1965 | Action, Drama, Western | 34
The Good, the Bad and the Ugly | 1966 | Action, Adventure, Western | 45
Once Upon a Time in the West | 1968 | Action, Drama, Western | 35
Butch Cassidy and the Sundance Kid | 1969 | Action, Western | 44
The Wild Bunch | 1969 | Adventure, Western | 24
Dances with Wolves | 1990 | Adventure, Drama, Western | 44
Unforgiven | 1992 | Drama, Western | 44
Tombstone | 1993 | Action, Drama, Western | 34
3:10 to Yuma | 2007 | Action, Crime, Drama, Western | 34
True Grit | 2010 | Drama, Western | 34
Django Unchained | 2012 | Action, Drama, Western | 54

# war and history
All Quiet on the Western Front | 1930 | Action, Drama, War | 24
The Bridge on the River Kwai | 1957 | Adventure, Drama, War | 34
Paths of Glory | 1957 | Drama, War | 25
The Great Escape | 1963 | Action, Adventure, Drama, War | 34
Dr. Strangelove | 1964 | Comedy, War | 45
Patton | 1970 | Drama, War | 24
The Deer Hunter | 1978 | Drama, War | 34
Apocalypse Now | 1979 | Action, Drama, War | 45
Das Boot | 1981 | Action, Drama, War | 35
Gandhi | 1982 | Drama | 34
Platoon | 1986 | Drama, War | 44
Full Metal Jacket | 1987 | Drama, War | 44
Glory | 1989 | Drama, War | 24
Schindler's List | 1993 | Drama, War | 55
Braveheart | 1995 | Action, Drama, War | 54
Apollo 13 | 1995 | Adventure, Drama | 44
Saving Private Ryan | 1998 | Action, Drama, War | 54
The Thin Red Line | 1998 | Action, Drama, War | 34
Gladiator | 2000 | Action, Adventure, Drama | 54
Black Hawk Down | 2001 | Action, Drama, War | 33
The Pianist | 2002 | Drama, War | 45
Master and Commander: The Far Side of the World | 2003 | Adventure, Drama, War | 34
Downfall | 2004 | Drama, War | 34
Hotel Rwanda | 2004 | Drama, War | 34
300 | 2006 | Action, Fantasy, War | 43
Letters from Iwo Jima | 2006 | Drama, War | 24
Inglourious Basterds | 2009 | Action, Drama, War | 54
The Hurt Locker | 2008 | Action, Drama, Thriller, War | 33
The King's Speech | 2010 | Drama | 44
Dunkirk | 2017 | Action, Drama, Thriller, War | 44
1917 | 2019 | Drama, War | 44
Oppenheimer | 2023 | Drama | 44

# comedies
Duck Soup | 1933 | Comedy, Musical, War | 24
Blazing Saddles | 1974 | Comedy, Western | 34
Young Frankenstein | 1974 | Comedy, Fantasy | 34
Monty Python and the Holy Grail | 1975 | Adventure, Comedy, Fantasy | 55
Monty Python's Life of Brian | 1979 | Comedy | 44
Animal House | 1978 | Comedy | 33
Airplane! | 1980 | Comedy | 44
The Blues Brothers | 1980 | Action, Comedy, Musical | 44
Caddyshack | 1980 | Comedy | 33
Tootsie | 1982 | Comedy, Romance | 34
Trading Places | 1983 | Comedy | 34
Ghostbusters | 1984 | Action, Comedy, Sci-Fi | 54
Beverly Hills Cop | 1984 | Action, Comedy, Crime | 43
This Is Spinal Tap | 1984 | Comedy | 34
The Breakfast Club | 1985 | Comedy, Drama | 44
Ferris Bueller's Day Off | 1986 | Comedy | 44
The Naked Gun: From the Files of Police Squad! | 1988 | Action, Comedy, Crime | 33
Big | 1988 | Comedy, Drama, Fantasy, Romance | 44
A Fish Called Wanda | 1988 | Comedy, Crime | 34
Wayne's World | 1992 | Comedy | 43
My Cousin Vinny | 1992 | Comedy | 34
Mrs. Doubtfire | 1993 | Comedy, Drama | 43
Dumb & Dumber | 1994 | Comedy | 42
Ace Ventura: Pet Detective | 1994 | Comedy | 42
The Mask | 1994 | Action, Comedy, Crime, Fantasy | 43
Clerks | 1994 | Comedy | 34
The Big Lebowski | 1998 | Comedy, Crime | 55
Office Space | 1999 | Comedy, Crime | 44
American Pie | 1999 | Comedy, Romance | 43
Meet the Parents | 2000 | Comedy | 43
Zoolander | 2001 | Comedy | 32
Bruce Almighty | 2003 | Comedy, Drama, Fantasy, Romance | 43
Anchorman: The Legend of Ron Burgundy | 2004 | Comedy | 43
Napoleon Dynamite | 2004 | Comedy | 33
Wedding Crashers | 2005 | Comedy, Romance | 43
The 40-Year-Old Virgin | 2005 | Comedy, Romance | 43
Borat | 2006 | Comedy | 43
Superbad | 2007 | Comedy | 44
Hot Fuzz | 2007 | Action, Comedy, Crime, Mystery | 44
Tropic Thunder | 2008 | Action, Adventure, Comedy, War | 33
The Hangover | 2009 | Comedy, Crime | 53
Bridesmaids | 2011 | Comedy | 33
21 Jump Street | 2012 | Action, Comedy, Crime | 33
Barbie | 2023 | Comedy, Fantasy | 43

# quirky
Harold and Maude | 1971 | Comedy, Drama, Romance | 24
Being John Malkovich | 1999 | Comedy, Drama, Fantasy | 44
Rushmore | 1998 | Comedy, Drama | 34
The Royal Tenenbaums | 2001 | Comedy, Drama | 34
Ghost World | 2001 | Comedy, Drama | 24
Adaptation. | 2002 | Comedy, Drama | 34
Sideways | 2004 | Comedy, Drama, Romance | 34
The Life Aquatic with Steve Zissou | 2004 | Adventure, Comedy, Fantasy | 33
Garden State | 2004 | Comedy, Drama, Romance | 34
Little Miss Sunshine | 2006 | Adventure, Comedy, Drama | 44
Juno | 2007 | Comedy, Drama, Romance | 44
Fantastic Mr. Fox | 2009 | Adventure, Animation, Children, Comedy, Crime | 34
Midnight in Paris | 2011 | Comedy, Fantasy, Romance | 34
Moonrise Kingdom | 2012 | Comedy, Drama, Romance | 34
Frances Ha | 2012 | Comedy, Drama | 24
The Grand Budapest Hotel | 2014 | Comedy, Drama | 44
Birdman | 2014 | Comedy, Drama | 34
The Lobster | 2015 | Comedy, Romance, Sci-Fi | 23
Lady Bird | 2017 | Comedy, Drama | 34
Jojo Rabbit | 2019 | Comedy, War | 34
The Banshees of Inisherin | 2022 | Comedy, Drama | 24

# drama
The Hustler | 1961 | Drama | 24
Cool Hand Luke | 1967 | Drama | 34
Midnight Cowboy | 1969 | Drama | 34
A Clockwork Orange | 1971 | Crime, Drama, Sci-Fi, Thriller | 45
One Flew Over the Cuckoo's Nest | 1975 | Drama | 55
Network | 1976 | Comedy, Drama | 34
Rocky | 1976 | Drama | 44
Kramer vs. Kramer | 1979 | Drama | 34
The Elephant Man | 1980 | Drama | 34
Raging Bull | 1980 | Drama | 35
Amadeus | 1984 | Drama | 44
Stand by Me | 1986 | Adventure, Drama | 44
Rain Man | 1988 | Drama | 44
Dead Poets Society | 1989 | Drama | 44
Field of Dreams | 1989 | Children, Drama, Fantasy | 33
Awakenings | 1990 | Drama | 24
Thelma & Louise | 1991 | Adventure, Crime, Drama | 34
A Few Good Men | 1992 | Crime, Drama, Thriller | 43
Scent of a Woman | 1992 | Drama | 34
What's Eating Gilbert Grape | 1993 | Drama | 34
The Shawshank Redemption | 1994 | Crime, Drama | 55
Forrest Gump | 1994 | Comedy, Drama, Romance, War | 55
Good Will Hunting | 1997 | Drama, Romance | 54
Boogie Nights | 1997 | Drama | 34
The Truman Show | 1998 | Comedy, Drama, Sci-Fi | 54
American Beauty | 1999 | Drama, Romance | 54
Fight Club | 1999 | Action, Crime, Drama, Thriller | 55
The Green Mile | 1999 | Crime, Drama | 54
Magnolia | 1999 | Drama | 44
The Straight Story | 1999 | Adventure, Drama | 24
Almost Famous | 2000 | Drama | 44
Requiem for a Dream | 2000 | Drama | 44
Cast Away | 2000 | Drama | 43
A Beautiful Mind | 2001 | Drama, Romance | 44
Million Dollar Baby | 2004 | Drama | 44
The Pursuit of Happyness | 2006 | Drama | 34
Into the Wild | 2007 | Action, Adventure, Drama | 34
There Will Be Blood | 2007 | Drama, Western | 45
Slumdog Millionaire | 2008 | Crime, Drama, Romance | 44
The Wrestler | 2008 | Drama | 34
Gran Torino | 2008 | Crime, Drama | 44
The Social Network | 2010 | Drama | 44
The Help | 2011 | Drama | 34
12 Years a Slave | 2013 | Drama | 34
Whiplash | 2014 | Drama | 45
Boyhood | 2014 | Drama | 33
Spotlight | 2015 | Drama, Thriller | 34
Moonlight | 2016 | Drama | 34
Manchester by the Sea | 2016 | Drama | 34
Green Book | 2018 | Comedy, Drama | 34
Nomadland | 2020 | Drama | 23

# European art house
The Passion of Joan of Arc | 1928 | Drama | 15
Rules of the Game | 1939 | Comedy, Drama | 14
Bicycle Thieves | 1948 | Drama | 25
The Seventh Seal | 1957 | Drama | 35
Wild Strawberries | 1957 | Drama | 25
The 400 Blows | 1959 | Crime, Drama | 35
Breathless | 1960 | Crime, Drama, Romance | 24
La Dolce Vita | 1960 | Drama | 34
L'Avventura | 1960 | Drama, Mystery, Romance | 14
Jules and Jim | 1962 | Drama, Romance | 24
8½ | 1963 | Drama, Fantasy | 34
The Leopard | 1963 | Drama, War | 14
Persona | 1966 | Drama | 25
The Battle of Algiers | 1966 | Drama, War | 25
Andrei Rublev | 1966 | Drama, War | 15
Solaris | 1972 | Drama, Mystery, Sci-Fi | 24
Aguirre, the Wrath of God | 1972 | Adventure, Drama | 24
Cries and Whispers | 1972 | Drama | 14
Stalker | 1979 | Drama, Mystery, Sci-Fi | 25
Fanny and Alexander | 1982 | Drama, Fantasy, Mystery | 24
Wings of Desire | 1987 | Drama, Fantasy, Romance | 24
Cinema Paradiso | 1988 | Drama | 35
Delicatessen | 1991 | Comedy, Drama, Romance | 24
The Double Life of Véronique | 1991 | Drama, Fantasy, Romance | 14
Three Colors: Blue | 1993 | Drama | 24
Three Colors: Red | 1994 | Drama | 24
La Haine | 1995 | Crime, Drama | 24
Life Is Beautiful | 1997 | Comedy, Drama, Romance, War | 45
Run Lola Run | 1998 | Action, Crime | 34
All About My Mother | 1999 | Drama | 24
Amélie | 2001 | Comedy, Romance | 55
Talk to Her | 2002 | Drama, Romance | 24
Good Bye Lenin! | 2003 | Comedy, Drama | 34
Caché | 2005 | Drama, Mystery, Thriller | 13
The Lives of Others | 2006 | Drama, Romance, Thriller | 35
4 Months, 3 Weeks and 2 Days | 2007 | Drama | 14
The White Ribbon | 2009 | Drama, Mystery | 14
Amour | 2012 | Drama | 24
The Great Beauty | 2013 | Comedy, Drama | 24
Ida | 2013 | Drama | 14
Portrait of a Lady on Fire | 2019 | Drama, Romance | 24
Anatomy of a Fall | 2023 | Crime, Drama, Thriller | 24

# world cinema
Rashomon | 1950 | Crime, Drama, Mystery | 35
Ikiru | 1952 | Drama | 25
Tokyo Story | 1953 | Drama | 25
Ugetsu | 1953 | Drama, Fantasy | 14
Seven Samurai | 1954 | Action, Adventure, Drama | 45
Pather Panchali | 1955 | Drama | 15
Yojimbo | 1961 | Action, Adventure | 25
High and Low | 1963 | Crime, Drama, Mystery | 15
Ran | 1985 | Drama, War | 25
Raise the Red Lantern | 1991 | Drama | 24
Farewell My Concubine | 1993 | Drama, Romance | 24
Chungking Express | 1994 | Drama, Mystery, Romance | 24
Children of Heaven | 1997 | Comedy, Drama | 14
In the Mood for Love | 2000 | Drama, Romance | 35
Crouching Tiger, Hidden Dragon | 2000 | Action, Drama, Romance | 44
Yi Yi | 2000 | Drama | 14
Amores Perros | 2000 | Drama, Thriller | 24
Battle Royale | 2000 | Action, Drama, Horror, Thriller | 34
Y Tu Mamá También | 2001 | Drama, Romance | 24
Lagaan | 2001 | Comedy, Drama, Musical, Romance | 24
Hero | 2002 | Action, Adventure, Drama | 34
Oldboy | 2003 | Mystery, Thriller | 35
Memories of Murder | 2003 | Crime, Drama, Mystery, Thriller | 24
The Motorcycle Diaries | 2004 | Adventure, Drama | 24
Kung Fu Hustle | 2004 | Action, Comedy | 33
Pan's Labyrinth | 2006 | Drama, Fantasy, Thriller | 44
The Secret in Their Eyes | 2009 | Crime, Drama, Mystery, Romance | 24
3 Idiots | 2009 | Comedy, Drama, Romance | 24
A Separation | 2011 | Drama | 25
Wild Tales | 2014 | Comedy, Drama, Thriller | 24
Train to Busan | 2016 | Action, Horror, Thriller | 34
The Handmaiden | 2016 | Drama, Romance, Thriller | 24
Roma | 2018 | Drama | 24
Shoplifters | 2018 | Crime, Drama | 24
Parasite | 2019 | Comedy, Drama, Thriller | 45
RRR | 2022 | Action, Drama | 23
Drive My Car | 2021 | Drama | 14

# documentary
Koyaanisqatsi | 1982 | Documentary | 14
The Thin Blue Line | 1988 | Documentary | 14
Hoop Dreams | 1994 | Documentary | 24
Buena Vista Social Club | 1999 | Documentary | 24
Bowling for Columbine | 2002 | Documentary | 34
Super Size Me | 2004 | Comedy, Documentary, Drama | 33
Grizzly Man | 2005 | Documentary | 24
March of the Penguins | 2005 | Documentary | 34
An Inconvenient Truth | 2006 | Documentary | 33
Man on Wire | 2008 | Documentary | 24
Exit Through the Gift Shop | 2010 | Comedy, Documentary | 24
Searching for Sugar Man | 2012 | Documentary | 24
The Act of Killing | 2012 | Documentary | 14
Free Solo | 2018 | Documentary | 24
My Octopus Teacher | 2020 | Documentary | 23
"""
