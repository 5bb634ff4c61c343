"""Components on MySQL and MariaDB."""
