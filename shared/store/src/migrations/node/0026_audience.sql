-- The dossiers of a unit are read in the order of the table itself: a node holds few of others, and
-- each dossier wrote two pages at random where one does.
DROP INDEX audience_by_unit;
