"""People in photos: poses, masks and the parts of body and clothes."""
