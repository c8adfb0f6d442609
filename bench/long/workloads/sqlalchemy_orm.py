"""SQLAlchemy: a unit of work on SQLite in memory, relations loaded in several ways, expressions compiled."""

import sys

from sqlalchemy import Column, ForeignKey, Integer, String, create_engine, func, select
from sqlalchemy.orm import Session, declarative_base, joinedload, relationship, selectinload

Base = declarative_base()


class Author(Base):
    __tablename__ = "author"
    id = Column(Integer, primary_key=True)
    name = Column(String(40), index=True)
    books = relationship("Book", back_populates="author", cascade="all, delete-orphan")


class Book(Base):
    __tablename__ = "book"
    id = Column(Integer, primary_key=True)
    title = Column(String(80))
    pages = Column(Integer)
    author_id = Column(ForeignKey("author.id"))
    author = relationship("Author", back_populates="books")


def fill(session, authors):
    for n in range(authors):
        author = Author(name="author %05d" % n)
        author.books = [Book(title="title %d of %d" % (k, n), pages=(n * 31 + k * 17) % 900) for k in range(n % 7)]
        session.add(author)
    session.commit()


def main(scale):
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        fill(session, int(3000 * scale))
        for load in (joinedload, selectinload):
            session.expire_all()
            found = session.execute(select(Author).options(load(Author.books))).unique().scalars().all()
            print(len(found), sum(len(author.books) for author in found))
        for limit in range(0, 600, 3):
            query = (
                select(Author.name, func.count(Book.id), func.sum(Book.pages))
                .join(Book)
                .where(Book.pages > limit)
                .group_by(Author.name)
                .order_by(Author.name)
                .limit(20)
            )
            rows = session.execute(query).all()
        print(rows[:2])
        for author in session.execute(select(Author).where(Author.id % 2 == 0)).scalars():
            session.delete(author)
        session.commit()
        print(session.execute(select(func.count(Book.id))).scalar())


main(float(sys.argv[1]))
