-- A change of the rules is for the whole service, an area, the residents of a tier
-- there, or one resident, of whom area and tier are those they had then. Its body
-- has the settings that differ.
ALTER TABLE alert_rules ADD COLUMN area TEXT NOT NULL DEFAULT '';
ALTER TABLE alert_rules ADD COLUMN tier TEXT NOT NULL DEFAULT '';
ALTER TABLE alert_rules ADD COLUMN resident TEXT NOT NULL DEFAULT '';
